"""The REST API of a running tracetune: the domain's values over HTTP."""
