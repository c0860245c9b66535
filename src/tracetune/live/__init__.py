"""The running product: spans in all day, minutes closed, judged and published as they end."""
