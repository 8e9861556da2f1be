"""How the server runs: all settings are read once, and what is unclear is refused."""

from blogapi.config.loading import load_config
from blogapi.config.schema import variable
from blogapi.config.secret import derive_key, with_development_secret
from blogapi.config.sections import (
    AuditConfig,
    AuthConfig,
    CacheConfig,
    Config,
    CorsConfig,
    LimitsConfig,
    LogConfig,
    MailConfig,
    MetricsConfig,
    MfaConfig,
    MongoConfig,
    PasskeyConfig,
    PasswordConfig,
    PrivacyConfig,
    ProviderConfig,
    RegistrationConfig,
    ServerConfig,
)

__all__ = [
    "AuditConfig",
    "AuthConfig",
    "CacheConfig",
    "Config",
    "CorsConfig",
    "LimitsConfig",
    "LogConfig",
    "MailConfig",
    "MetricsConfig",
    "MfaConfig",
    "MongoConfig",
    "PasskeyConfig",
    "PasswordConfig",
    "PrivacyConfig",
    "ProviderConfig",
    "RegistrationConfig",
    "ServerConfig",
    "derive_key",
    "load_config",
    "variable",
    "with_development_secret",
]
