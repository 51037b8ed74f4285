"""What benchmarks/serving.py is made of: servers in processes of their own, and what is done to them."""
