"""Erasure on request: a contact is taken out of everything Tawny holds, and a certificate says what
was removed where, what could not be reached, and how it was checked."""
