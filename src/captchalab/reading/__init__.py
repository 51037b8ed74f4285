"""Picture -> text. numpy, Pillow, onnxruntime and rapidfuzz only."""
