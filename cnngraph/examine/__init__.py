"""What a trained net sees, mistakes and can be made to mistake: filters, maps, saliency, attacks, tables."""
