"""Files of an account: its fills and balances as venues, bots and this program write them."""
