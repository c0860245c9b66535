"""Tools by which users check what tracetune says against their own history."""
