"""Calls and text messages by Twilio's API, or one shaped like it: the loudest ways, for what cannot wait.

What is known of Twilio stands here and nowhere else. Source: twilio.com/docs (calls and messages resources, TwiML
Gather and Say, request validation, error dictionary; documented only: no account of Twilio was asked).
"""

from anclora.notify.twilio.account import TwilioAccount
from anclora.notify.twilio.call import DIGIT_PATH, TwilioVoice, action_of, said_back
from anclora.notify.twilio.signature import HEADER, signature_of, signed
from anclora.notify.twilio.text import TwilioText

__all__ = [
    "DIGIT_PATH",
    "HEADER",
    "TwilioAccount",
    "TwilioText",
    "TwilioVoice",
    "action_of",
    "said_back",
    "signature_of",
    "signed",
]
