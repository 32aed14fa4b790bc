"""Messages as servers hand them over, for the tests of what is read in them."""

from __future__ import annotations

RECEIVED = """\
Return-Path: <app@sender.test>
Received: from mx.example.test by mx.example.test with LMTP id S/o3 for <a@example.test>;
\tSun, 29 Nov 2026 08:00:05 +0000
Authentication-Results: mx.example.test; spf=pass smtp.mailfrom=app@sender.test;
\tdkim=pass (2048-bit key) header.d=sender.test header.s=sel1; dmarc=pass header.from=sender.test
Received: from relay.sender.test (unknown [192.0.2.7]) by mx.example.test (Postfix)
\twith ESMTPS id EA80 for <a@example.test>; Sun, 29 Nov 2026 10:00:03 +0200 (EET)
Received: from app (localhost [127.0.0.1]) by relay.sender.test (Postfix) with ESMTP id CD50;
\tSun, 29 Nov 2026 08:00:01 +0000 (UTC)
Date: Sun, 29 Nov 2026 08:00:00 +0000
Message-ID: <one@sender.test>
From: App <app@sender.test>
Subject: Hello

Text
"""

FORGED = "Authentication-Results: {by}; dkim=pass header.d=bank.example\n"

BOUNCE = """\
Return-Path: <>
From: MAILER-DAEMON@relay.sender.test (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

I'm sorry.
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.sender.test
Arrival-Date: Sun, 29 Nov 2026 08:00:00 +0000

Final-Recipient: rfc822; nobody@example.test
Original-Recipient: rfc822;nobody@example.test
Action: failed
Status: 5.1.1 (bad destination)
Remote-MTA: dns; mx.example.test
Diagnostic-Code: smtp; 550 5.1.1 <nobody@example.test>: User unknown in
 virtual mailbox table

Final-Recipient: rfc822; slow@example.test
Action: delayed
Status: 4.2.0
Diagnostic-Code: smtp; 450 4.2.0 Greylisted, see http://postgrey.example/
Will-Retry-Until: Fri, 4 Dec 2026 08:00:00 +0000

--B
Content-Type: text/rfc822-headers

Message-ID: <one@sender.test>
Subject: Hello
Date: Sun, 29 Nov 2026 08:00:00 +0000

--B--
"""

QMAIL = """\
Return-Path: <>
From: MAILER-DAEMON@old.example.test
Subject: failure notice

Hi. This is the qmail-send program at old.example.test.
<nobody@example.test>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 <nobody@example.test>: User unknown
"""
