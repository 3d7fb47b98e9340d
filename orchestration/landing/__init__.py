"""From a vendor's file to a judged, typed load: deliveries, declared schemas, readers, loading."""
