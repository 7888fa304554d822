--- lazy.nvim: this file as lua/plugins/bosa.lua. `make nvim` is run when the plugin is installed or updated.
return {
  url = os.getenv("BOSA_REPOSITORY") or "https://git.example.com/bosa.git", -- where you have this repository from
  name = "bosa",
  build = "make nvim",
  cmd = "Bosa", -- loaded at its first use; require("bosa") loads it, too
}
