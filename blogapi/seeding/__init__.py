"""Made-up content: a handful of posts for the first start, and as many as wished for trying out and measuring."""
