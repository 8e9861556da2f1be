"""Signing in with an account at an OpenID provider (OpenID Connect Core 1.0, authorization code flow)."""
