"""What the module does: burst -> features -> inference -> verdict, and the link that asks for it."""
