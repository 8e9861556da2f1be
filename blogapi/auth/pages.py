"""Plain pages behind the links in mails, where no front end has pages of its own (`mail.link_base`).

Opening one spends nothing: programs that look for bad links open them, too. The button does.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from aiohttp import hdrs, web

from blogapi.access.needs import PUBLIC
from blogapi.auth.letters import RESET, VERIFY
from blogapi.invitations.model import PURPOSE as ACCEPT
from blogapi.web.endpoint import endpoint
from blogapi.web.fields import Strict, Text
from blogapi.web.requests import language_of_reader

routes = web.RouteTableDef()
_STATIC = Path(__file__).parent / "static"
_HTML = "text/html"
_PATHS = {
    VERIFY: "/v1/auth/email/verify",
    RESET: "/v1/auth/password/reset",
    ACCEPT: "/v1/auth/register",
}
# Which member of the body holds the code of the link, where that is not `token`.
_CODES = {ACCEPT: "invitation"}
# What the reader fills in, as a browser knows it: the type of a field, and what it may complete.
_ASKED = {
    RESET: {"password": ("password", "new-password")},
    ACCEPT: {
        "username": ("text", "username"),
        "email": ("email", "email"),
        "password": ("password", "new-password"),
    },
}
_EVERYWHERE = {
    "en": {
        "invalid": "This link is not valid, or not any more. Ask for a new mail.",
        "failed": "The server does not answer. Try again in a moment.",
        "noscript": "This page needs JavaScript.",
        "username": "Username",
        "email": "E-mail address",
        "password": "New password",
    },
    "de": {
        "invalid": "Dieser Link ist nicht oder nicht mehr gültig. Fordern Sie eine neue E-Mail an.",
        "failed": "Der Server antwortet nicht. Versuchen Sie es gleich noch einmal.",
        "noscript": "Diese Seite braucht JavaScript.",
        "username": "Benutzername",
        "email": "E-Mail-Adresse",
        "password": "Neues Passwort",
    },
    "fr": {
        "invalid": "Ce lien n'est pas ou plus valable. Demandez un nouveau message.",
        "failed": "Le serveur ne répond pas. Réessayez dans un instant.",
        "noscript": "Cette page a besoin de JavaScript.",
        "username": "Nom d'utilisateur",
        "email": "Adresse e-mail",
        "password": "Nouveau mot de passe",
    },
    "es": {
        "invalid": "Este enlace no es válido o ya no lo es. Pida un nuevo mensaje.",
        "failed": "El servidor no responde. Inténtelo de nuevo en un momento.",
        "noscript": "Esta página necesita JavaScript.",
        "username": "Nombre de usuario",
        "email": "Dirección de correo",
        "password": "Nueva contraseña",
    },
}
_PAGES = {
    VERIFY: {
        "en": {
            "title": "Confirm your e-mail address",
            "text": "Is the address yours to which we have sent the link?",
            "action": "Confirm the address",
            "done": "Thank you. The address is confirmed.",
        },
        "de": {
            "title": "E-Mail-Adresse bestätigen",
            "text": "Gehört Ihnen die Adresse, an die wir den Link geschickt haben?",
            "action": "Adresse bestätigen",
            "done": "Danke. Die Adresse ist bestätigt.",
        },
        "fr": {
            "title": "Confirmer votre adresse e-mail",
            "text": "L'adresse à laquelle nous avons envoyé le lien est-elle la vôtre ?",
            "action": "Confirmer l'adresse",
            "done": "Merci. L'adresse est confirmée.",
        },
        "es": {
            "title": "Confirmar su dirección de correo",
            "text": "¿Es suya la dirección a la que enviamos el enlace?",
            "action": "Confirmar la dirección",
            "done": "Gracias. La dirección está confirmada.",
        },
    },
    RESET: {
        "en": {
            "title": "Set a new password",
            "text": "All sessions of your account will end.",
            "action": "Set the password",
            "done": "The password is set. Sign in with it.",
        },
        "de": {
            "title": "Neues Passwort setzen",
            "text": "Alle Sitzungen Ihres Kontos werden beendet.",
            "action": "Passwort setzen",
            "done": "Das Passwort ist gesetzt. Melden Sie sich damit an.",
        },
        "fr": {
            "title": "Choisir un nouveau mot de passe",
            "text": "Toutes les sessions de votre compte prendront fin.",
            "action": "Enregistrer le mot de passe",
            "done": "Le mot de passe est enregistré. Connectez-vous avec celui-ci.",
        },
        "es": {
            "title": "Establecer una nueva contraseña",
            "text": "Terminarán todas las sesiones de su cuenta.",
            "action": "Guardar la contraseña",
            "done": "La contraseña está guardada. Inicie sesión con ella.",
        },
    },
    ACCEPT: {
        "en": {
            "title": "Accept the invitation",
            "text": "Choose a username and a password. The e-mail address is the one to which the invitation was sent.",
            "action": "Create the account",
            "done": "Welcome. The account is ready: sign in with it.",
        },
        "de": {
            "title": "Einladung annehmen",
            "text": "Wählen Sie einen Benutzernamen und ein Passwort. Die E-Mail-Adresse ist die, an die die Einladung "
            "ging.",
            "action": "Konto anlegen",
            "done": "Willkommen. Das Konto ist angelegt: Melden Sie sich damit an.",
        },
        "fr": {
            "title": "Accepter l'invitation",
            "text": "Choisissez un nom d'utilisateur et un mot de passe. L'adresse e-mail est celle qui a reçu "
            "l'invitation.",
            "action": "Créer le compte",
            "done": "Bienvenue. Le compte est prêt : connectez-vous avec celui-ci.",
        },
        "es": {
            "title": "Aceptar la invitación",
            "text": "Elija un nombre de usuario y una contraseña. La dirección de correo es la que recibió la "
            "invitación.",
            "action": "Crear la cuenta",
            "done": "Bienvenido. La cuenta está lista: inicie sesión con ella.",
        },
    },
}


class LinkQuery(Strict):
    """What a link brings. The page's script reads it; the server has no use for it."""

    token = Text(load_default="")


@cache
def _script_and_style() -> tuple[str, str, str]:
    """What stands in the pages, and the policy that allows nothing else."""
    script, style = ((_STATIC / name).read_text("utf-8") for name in ("account.js", "account.css"))
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return script, style, policy


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def page(purpose: str, language: str) -> str:
    """The page of a purpose in a language."""
    script, style, _ = _script_and_style()
    texts = {**_EVERYWHERE[language], **_PAGES[purpose][language]}
    says = {name: texts[name] for name in ("invalid", "failed", "done")}
    says |= {"path": _PATHS[purpose], "code": _CODES.get(purpose, "token")}
    asked = [_field(texts[name], name, *more) for name, more in _ASKED.get(purpose, {}).items()]
    known = {
        **{name: escape(text) for name, text in texts.items()},
        "language": language,
        "says": escape(json.dumps(says)),
        "fields": "\n".join(asked),
        "script": script,
        "style": style,
    }
    template = (_STATIC / "account.html").read_text("utf-8")
    return re.sub(r"\{([a-z]+)\}", lambda found: known[found[1]], template)


def _field(label: str, name: str, kind: str, completes: str) -> str:
    field = f'<input type="{kind}" name="{name}" autocomplete="{completes}" required>'
    return f"<p><label>{escape(label)} {field}</label></p>"


def _send(request: web.Request, purpose: str) -> web.Response:
    language = language_of_reader(request)
    *_, policy = _script_and_style()
    headers = {hdrs.CACHE_CONTROL: "private, no-store", "Content-Security-Policy": policy}
    return web.Response(text=page(purpose, language), content_type=_HTML, charset="utf-8", headers=headers)


@routes.get(f"/{VERIFY}")
@endpoint(needs=PUBLIC, query=LinkQuery, content_type=_HTML)
async def show_verify_email(request: web.Request, query: dict[str, Any]) -> web.Response:
    """Show a page that confirms an e-mail address."""
    return _send(request, VERIFY)


@routes.get(f"/{RESET}")
@endpoint(needs=PUBLIC, query=LinkQuery, content_type=_HTML)
async def show_reset_password(request: web.Request, query: dict[str, Any]) -> web.Response:
    """Show a page that sets a new password."""
    return _send(request, RESET)


@routes.get(f"/{ACCEPT}")
@endpoint(needs=PUBLIC, query=LinkQuery, content_type=_HTML)
async def show_accept_invitation(request: web.Request, query: dict[str, Any]) -> web.Response:
    """Show a page that creates an account with an invitation."""
    return _send(request, ACCEPT)
