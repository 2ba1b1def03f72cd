obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["trimtab.dev/release"] =
  "promote-full/" .. obj.status.releaseID .. "/" .. os.date("!%Y%m%d%H%M%S")
return obj
