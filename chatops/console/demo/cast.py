"""The people, the rooms and the small talk of the demo."""

PEOPLE = {
    "alice": "Alice Lindqvist",
    "bob": "Bob Okafor",
    "carol": "Carol Meyer",
    "dan": "Dan Castillo",
    "erin": "Erin Walsh",
    "feng": "Feng Li",
    "grace": "Grace Nakamura",
    "heidi": "Heidi Brandt",
}
ROOMS = {
    "operations": ("Operations", "What runs, what does not, who is on it"),
    "tea": ("Tea kitchen", "Everything else"),
    "releases": ("Releases", "What goes out, and when"),
}
TALKERS = ("alice", "bob", "carol", "feng")  # those who run a client during the demo
LINES = (
    "Good morning, everybody.",
    "The backup of last night is fine.",
    "Does anybody know why the print server is slow?",
    "Somebody was printing the whole handbook. Again.",
    "The new certificates are in place.",
    "Lunch at half past twelve?",
    "I shall be in the machine room for an hour.",
    "The release goes out at four, if the tests agree.",
    "They agree.",
    "早上好。",
    "Who has the key to the store room?",
    "It hangs where it always hangs.",
    "Thank you!",
)
ANSWERS = (
    "I have read it, thank you.",
    "Give me a minute.",
    "Yes.",
    "Let us talk about it in Operations.",
)
