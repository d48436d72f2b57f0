"""What both backends share of serving, in rooms: each imports only those below it, see ARCHITECTURE.md."""
