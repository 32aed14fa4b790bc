"""Lines of real logs: Postfix 3.10, Exim 4.98 and OpenSMTPD 7.6 wrote them."""

POSTFIX = """\
Nov 29 08:13:45 mail postfix/smtpd[23774]: D4CCCAE46A7: client=unknown[127.0.0.1]
Nov 29 08:13:45 mail postfix/cleanup[23837]: D4CCCAE46A7: message-id=<1795.7@relay.test>
Nov 29 08:13:45 mail postfix/qmgr[23768]: D4CCCAE46A7: from=<s@relay.test>, size=461, nrcpt=1 (queue active)
Nov 29 08:13:46 mail postfix/smtp[23979]: D4CCCAE46A7: to=<carol@example.test>, relay=127.0.0.1[127.0.0.1]:36359, delay=0.02, delays=0.01/0.01/0/0, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as A926EBC438F)
Nov 29 08:13:46 mail postfix/qmgr[23768]: D4CCCAE46A7: removed
"""

EXIM = """\
2026-11-29 08:04:36 1xXZtk-000000002Ra-2va2 <= a@other.test H=([127.0.0.1]) [127.0.0.1] P=esmtp S=202 id=mm@x
2026-11-29 08:04:36 1xXZtk-000000002Ra-2va2 => :blackhole: <hole@example.test> R=dis
2026-11-29 08:04:36 1xXZtk-000000002Ra-2va2 => box <box@example.test> R=loc T=box DT=0s
2026-11-29 08:04:36 1xXZtk-000000002Ra-2va2 => ok@example.test <alias@example.test> R=fwd T=out H=127.0.0.1 [127.0.0.1] C="250 2.0.0 Ok: queued as 4SINK123" DT=0s
2026-11-29 08:04:36 1xXZtk-000000002Ra-2va2 ** bounce@example.test R=fwd T=out H=127.0.0.1 [127.0.0.1]: SMTP error from remote mail server after RCPT TO:<bounce@example.test>: 550 5.1.1 no such user DT=0s
2026-11-29 08:04:36 1xXZtk-000000002Ra-2va2 == defer@example.test R=fwd T=out defer (-44) H=127.0.0.1 [127.0.0.1] DT=0s: SMTP error from remote mail server after RCPT TO:<defer@example.test>: 450 4.2.0 <x>: Recipient address rejected: Greylisted for 300 seconds
2026-11-29 08:04:36 1xXZtk-000000002Rh-3Z5N <= <> R=1xXZtk-000000002Ra-2va2 U=Debian-exim P=local S=1615
2026-11-29 08:04:36 1xXZtk-000000002Rh-3Z5N Completed QT=0s
"""

OPENSMTPD = """\
f40d1b5a92d11736 smtp message msgid=bf623fbe size=211 nrcpt=3 proto=ESMTP
f40d1b5f5c9459a8 mda delivery evpid=5cbf0f30e4fd8213 from=<a@other.test> to=<root@local.test> rcpt=<root@local.test> user=root delay=0s result=PermFail stat=Error (permission denied: MDA not allowed to deliver to: root)
f40d1b5df2f0289c mta delivery evpid=bf623fbe37885d9f from=<a@other.test> to=<defer@example.test> rcpt=<-> source="127.0.0.1" relay="127.0.0.1 (localhost)" delay=1m2s result="TempFail" stat="450 4.2.0 <x>: Recipient address rejected: Greylisted for 300 seconds"
f40d1b5df2f0289c mta delivery evpid=bf623fbea5f1dab0 from=<a@other.test> to=<bounce@example.test> rcpt=<-> source="127.0.0.1" relay="127.0.0.1 (localhost)" delay=0s result="PermFail" stat="550 5.1.1 no such user"
f40d1b5df2f0289c mta delivery evpid=bf623fbefe7ede97 from=<a@other.test> to=<ok@example.test> rcpt=<-> source="127.0.0.1" relay="127.0.0.1 (localhost)" delay=0s result="Ok" stat="250 2.0.0 Ok: queued as 4SINK123"
"""
