def is_common(password):
    return password.lower() in {"password12", "1234567890"}
