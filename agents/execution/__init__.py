"""What happens between a proposal and a closed trade: approval, orders, fills, exits."""
