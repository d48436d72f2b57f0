"""The report of an evaluation: one content, as HTML that opens without a network, as Markdown, and as JSON."""
