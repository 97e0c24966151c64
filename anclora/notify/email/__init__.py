"""E-mail by SMTP (RFC 5321), with STARTTLS (RFC 3207) or TLS from the first byte (RFC 8314).

What is known of mail stands here and nowhere else.
"""

from anclora.notify.email.mail import Mail, MailAccount

__all__ = ["Mail", "MailAccount"]
