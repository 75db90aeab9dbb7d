"""Pages for everybody: joining, and one's own account; the console is for those who administer."""
