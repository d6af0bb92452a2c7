"""Plan: what publishing a release would change on the portal, as a pure value. Nothing here writes."""
