"""The known escapes, each tried inside the real sandbox, with what tells on this side whether one got out."""
