"""The addresses to which Postfix answers in a way of its own, and the size that it refuses."""

LOCAL_DOMAIN = "example.test"
FOREIGN_DOMAIN = "example.net"

# Any address in the local domain is accepted, any in another one needs AUTH first.
ACCEPTED_RECIPIENT = f"carol@{LOCAL_DOMAIN}"
RELAYED_RECIPIENT = f"dave@{FOREIGN_DOMAIN}"
REFUSED_RECIPIENT = f"refused@{LOCAL_DOMAIN}"
GREYLISTED_RECIPIENT = f"greylisted@{LOCAL_DOMAIN}"
FULL_RECIPIENT = f"full@{LOCAL_DOMAIN}"
HELD_RECIPIENT = f"held@{LOCAL_DOMAIN}"
# What a provider behind it would say, passed on with the provider's signature and without.
SIGNED_RECIPIENT = f"signed@{LOCAL_DOMAIN}"
UNSIGNED_RECIPIENT = f"unsigned@{LOCAL_DOMAIN}"
REFUSED_SENDER = f"refused-sender@{LOCAL_DOMAIN}"

MESSAGE_SIZE_LIMIT = 100_000

RECIPIENTS = {
    HELD_RECIPIENT: "HOLD it stays in the queue, where a test can read it",
    REFUSED_RECIPIENT: "550 5.1.1 No such user here",
    GREYLISTED_RECIPIENT: "450 4.2.0 Greylisted, try again later",
    FULL_RECIPIENT: "452 4.2.2 Mailbox full",
    SIGNED_RECIPIENT: "550 5.7.1 Invalid credentials for relay [192.0.2.9]. - gsmtp",
    UNSIGNED_RECIPIENT: "550 5.7.1 Invalid credentials for relay [192.0.2.9].",
}
SENDERS = {REFUSED_SENDER: "553 5.7.1 Not owned by the user"}
