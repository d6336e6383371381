-- Split into its two halves: recompute_newest_quote and recompute_newest_trade.
DROP FUNCTION recompute_newest(text, text);
