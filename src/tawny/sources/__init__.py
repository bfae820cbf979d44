"""Help desks as sources of events: settings, position, ledger and gap report are shared, a kind of
desk is a folder of its own and a row of `tawny.sources.kinds`."""
