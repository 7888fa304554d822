--- vim.pack, which Neovim 0.12 has: in init.lua. `make nvim` is run when the plugin is installed or updated.
vim.api.nvim_create_autocmd("PackChanged", {
  callback = function(event)
    local about = event.data
    if about.spec.name ~= "bosa" or about.kind == "delete" then return end
    local result = vim.system({ "make", "nvim" }, { cwd = about.path, text = true }):wait()
    if result.code ~= 0 then vim.notify(result.stderr, vim.log.levels.ERROR) end
  end,
})

vim.pack.add({
  { src = vim.env.BOSA_REPOSITORY or "https://git.example.com/bosa.git", name = "bosa" }, -- where you have it from
})
