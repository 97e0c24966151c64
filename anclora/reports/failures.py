"""Why messages fail, in plain words, and what to do: by reason code, Spanish and English. Pure."""

from collections.abc import Mapping
from typing import Literal

import msgspec

Lang = Literal["es", "en"]


class Meaning(msgspec.Struct, frozen=True):
    """What happened, and what a person does about it."""

    what: str
    do: str


_SPANISH: Mapping[str, tuple[str, str]] = {
    "not_on_whatsapp": ("El número no tiene WhatsApp", "Corregir o quitar esos números del CRM."),
    "invalid_request": ("El proveedor rechazó el contenido", "Revisar el contenido de esos mensajes."),
    "media_not_usable": ("El archivo no se pudo usar", "Comprobar que el archivo existe y su formato."),
    "media_gone": ("El archivo ya no está aquí", "Subirlo otra vez y reenviar."),
    "tries_exhausted": ("Se agotaron los intentos", "Mirar la causa del último intento y reencolar."),
    "too_old": (
        "Esperaron más de lo permitido",
        "Revisar la cola y el ritmo del número; reencolar los que aún sirvan.",
    ),
    "unknown_outcome": ("No se sabe si salieron", "Comprobarlo en el teléfono antes de reencolar: podrían duplicarse."),
    "provider_error": ("El proveedor los aceptó y luego los rechazó", "Mirar el número y su estado en WhatsApp."),
    "connection_closed": ("El número estaba desconectado", "Comprobar la conexión del número."),
    "window_closed": ("Pasaron más de 24 horas desde su último mensaje", "Enviar una plantilla aprobada."),
    "marketing_limit": ("Meta limita la publicidad a esas personas", "Escribirles otro día y menos."),
    "marketing_stopped": ("La persona no quiere publicidad", "Darla de baja de las campañas."),
    "in_experiment": ("Meta no les envía publicidad (experimento)", "Nada: depende de Meta."),
    "undeliverable": ("WhatsApp no puede entregarlos", "Comprobar el número con la persona por otra vía."),
    "spam_rate_limit": (
        "WhatsApp frena el número por sospecha de spam",
        "Bajar el ritmo y revisar la calidad del número.",
    ),
    "pair_rate_limit": ("Demasiados mensajes seguidos a la misma persona", "Agrupar los mensajes."),
    "template_missing": ("No hay plantilla aprobada con ese nombre e idioma", "Revisar el nombre y el idioma."),
    "template_parameters": ("Los datos de la plantilla no encajan", "Corregir los valores que envía la integración."),
    "template_policy": ("La plantilla incumple las reglas de Meta", "Cambiarla y pedir aprobación."),
    "template_disabled": ("Meta desactivó la plantilla", "Usar otra."),
    "template_too_long": ("La plantilla rellenada es demasiado larga", "Acortar los valores."),
    "token_refused": ("Meta no acepta la clave de acceso", "Crear una nueva y ponerla en la configuración."),
    "permission_missing": ("A la clave de acceso le falta un permiso", "Darle el permiso en Meta."),
    "payment_missing": ("Meta pide un medio de pago", "Añadirlo en el Business Manager."),
    "account_blocked": ("Meta bloqueó la cuenta por un tiempo", "Leer el aviso en el Business Manager."),
    "account_locked": ("Meta bloqueó la cuenta", "Recurrir en el Business Manager."),
    "number_gone": ("Meta no conoce el número", "Comprobar si se borró o se movió."),
    "number_not_registered": ("El número no está registrado en Meta", "Registrarlo de nuevo."),
    "name_not_approved": ("El nombre visible no está aprobado", "Esperar o corregirlo en Meta."),
    "country_restricted": ("La cuenta no puede escribir a ese país", "Quitar esos destinatarios."),
    "not_on_test_list": ("Un número de prueba solo escribe a su lista", "Usar un número real."),
    "to_ourselves": ("El destinatario es el propio número", "Quitarlo de la lista."),
    "type_not_supported": ("WhatsApp no admite ese tipo de mensaje", "Enviarlo de otra forma."),
    "flow_blocked": ("El flujo está bloqueado en Meta", "Arreglarlo en Meta."),
    "unknown": ("Sin causa conocida", "Mirar los mensajes uno a uno."),
}
_ENGLISH: Mapping[str, tuple[str, str]] = {
    "not_on_whatsapp": ("The number has no WhatsApp", "Correct or remove these numbers in the CRM."),
    "invalid_request": ("The provider refused the content", "Look at the content of these messages."),
    "media_not_usable": ("The file could not be used", "Check that the file is there, and its format."),
    "media_gone": ("The file is not here any more", "Upload it again and send anew."),
    "tries_exhausted": ("All tries were used up", "Look at the cause of the last try, then requeue."),
    "too_old": (
        "They waited longer than allowed",
        "Look at the queue and the number's pace; requeue what still helps.",
    ),
    "unknown_outcome": ("Nobody knows whether they went out", "Look at the phone before requeueing: they may double."),
    "provider_error": (
        "The provider took them and refused them later",
        "Look at the number and its state at WhatsApp.",
    ),
    "connection_closed": ("The number was disconnected", "Check the number's connection."),
    "window_closed": ("Their last message is older than 24 hours", "Send an approved template."),
    "marketing_limit": ("Meta limits marketing to these people", "Write to them another day, and less."),
    "marketing_stopped": ("The person wants no marketing", "Take them out of campaigns."),
    "in_experiment": ("Meta sends them no marketing (an experiment)", "Nothing: it is up to Meta."),
    "undeliverable": ("WhatsApp cannot deliver them", "Check the number with the person another way."),
    "spam_rate_limit": ("WhatsApp slows the number down, suspecting spam", "Go slower and look at its quality."),
    "pair_rate_limit": ("Too many messages in a row to one person", "Put them together."),
    "template_missing": ("No approved template of that name and language", "Check the name and the language."),
    "template_parameters": ("The template's values do not fit", "Correct the values the integration sends."),
    "template_policy": ("The template breaks Meta's rules", "Change it and ask for approval."),
    "template_disabled": ("Meta disabled the template", "Use another."),
    "template_too_long": ("The filled template is too long", "Shorten the values."),
    "token_refused": ("Meta does not accept the access token", "Make a new one and put it into the settings."),
    "permission_missing": ("The access token lacks a permission", "Give it the permission at Meta."),
    "payment_missing": ("Meta wants a payment method", "Add one in the Business Manager."),
    "account_blocked": ("Meta blocked the account for a time", "Read the notice in the Business Manager."),
    "account_locked": ("Meta locked the account", "Appeal in the Business Manager."),
    "number_gone": ("Meta does not know the number", "See whether it was deleted or moved."),
    "number_not_registered": ("The number is not registered at Meta", "Register it again."),
    "name_not_approved": ("The display name is not approved", "Wait, or correct it at Meta."),
    "country_restricted": ("The account may not write to that country", "Take these recipients out."),
    "not_on_test_list": ("A test number writes only to its list", "Use a real number."),
    "to_ourselves": ("The recipient is our own number", "Take it out of the list."),
    "type_not_supported": ("WhatsApp does not carry this type of message", "Send it another way."),
    "flow_blocked": ("The flow is blocked at Meta", "Mend it at Meta."),
    "unknown": ("No known cause", "Look at the messages one by one."),
}
_ELSE: Mapping[Lang, tuple[str, str]] = {
    "es": ("Otro motivo: {code}", "Mirar uno: anclora messages show ID."),
    "en": ("Another reason: {code}", "Look at one: anclora messages show ID."),
}
KNOWN: Mapping[Lang, Mapping[str, tuple[str, str]]] = {"es": _SPANISH, "en": _ENGLISH}


def meaning_of(code: str, lang: Lang) -> Meaning:
    """What a reason code says to people; of one nobody wrote about, the code itself."""
    what, do = KNOWN[lang].get(code) or _ELSE[lang]
    return Meaning(what.format(code=code), do)
