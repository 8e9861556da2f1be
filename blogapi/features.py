"""The features of blogapi, in the order in which they may know each other."""

from __future__ import annotations

from typing import Any

from blogapi.api_keys.feature import API_KEYS
from blogapi.audit.feature import AUDIT
from blogapi.auth.feature import AUTH
from blogapi.feature import Feature
from blogapi.invitations.feature import INVITATIONS
from blogapi.jobs.feature import JOBS
from blogapi.mail.feature import MAIL
from blogapi.openapi.feature import DOCUMENTATION
from blogapi.operations.feature import OPERATIONS
from blogapi.passkeys.feature import PASSKEYS
from blogapi.posts.feature import POSTS
from blogapi.privacy.feature import PRIVACY
from blogapi.proofs.feature import PROOFS
from blogapi.providers.feature import PROVIDERS
from blogapi.second_factors.feature import SECOND_FACTORS
from blogapi.settings.feature import SETTINGS
from blogapi.signing.feature import SIGNING
from blogapi.tags.feature import TAGS
from blogapi.users.feature import USERS

FEATURES: tuple[Feature[Any], ...] = (
    AUDIT,
    SETTINGS,
    MAIL,
    JOBS,
    PROOFS,
    USERS,
    INVITATIONS,
    SIGNING,
    SECOND_FACTORS,
    PASSKEYS,
    AUTH,
    API_KEYS,
    PROVIDERS,
    TAGS,
    POSTS,
    PRIVACY,
    DOCUMENTATION,
    OPERATIONS,
)
