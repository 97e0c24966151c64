"""What providers post, as examples."""

WEBHOOK = {
    "event": "messages.update",
    "instance": "sales",
    "data": {"keyId": "3EB0C5A277F7F9B6C599", "status": "READ", "fromMe": True},
}
META_WEBHOOK = {
    "object": "whatsapp_business_account",
    "entry": [
        {
            "id": "102290129340398",
            "changes": [
                {
                    "field": "messages",
                    "value": {
                        "messaging_product": "whatsapp",
                        "metadata": {"display_phone_number": "34911222333", "phone_number_id": "106540352242922"},
                        "statuses": [
                            {
                                "id": "wamid.HBgLMzQ2MDAxMTEyMjI=",
                                "status": "delivered",
                                "timestamp": "1769846401",
                                "recipient_id": "34600111222",
                                "biz_opaque_callback_data": "019aac5e-7a00-7000-8000-000000000001",
                            }
                        ],
                    },
                }
            ],
        }
    ],
}
