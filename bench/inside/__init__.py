"""What is measured inside the product, in a process of its own: importing this package sets Django up."""

import django

django.setup()
