"""The sidebar: what there is to say about the thing under the cursor."""
