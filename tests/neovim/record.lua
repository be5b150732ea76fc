-- Neovim as a client of the daemon with nothing but its own LSP client: no plug-in of ours.
-- FIXTRAIL_COMMAND is the daemon's command line (words parted by line feeds), FIXTRAIL_FOLDER the workspace,
-- FIXTRAIL_RESULT the file that the results are written to, as JSON.
local folder = vim.env.FIXTRAIL_FOLDER
local results = {}

local function finish(problem)
  results.problem = problem
  vim.fn.writefile({ vim.json.encode(results) }, vim.env.FIXTRAIL_RESULT)
  vim.cmd("qall!")
end

local function run()
  local uri = vim.uri_from_fname(folder)
  local client_id = vim.lsp.start_client({
    name = "fixtrail",
    cmd = vim.split(vim.env.FIXTRAIL_COMMAND, "\n"),
    root_dir = folder,
    workspace_folders = { { uri = uri, name = "work" } },
    flags = { debounce_text_changes = 0 },
  })
  assert(client_id, "the daemon did not start")
  local client = vim.lsp.get_client_by_id(client_id)
  assert(vim.wait(20000, function() return client.initialized end, 20), "no answer to initialize")

  -- A request, as a command.
  local function call(command, params)
    local answer, problem = client.request_sync(
      "workspace/executeCommand", { command = command, arguments = { params or vim.empty_dict() } }, 120000, 0
    )
    assert(answer, command .. ": " .. tostring(problem))
    assert(not answer.err, command .. ": " .. vim.inspect(answer.err))
    return answer.result
  end

  results.start = call("trace.start", {
    workspaceUri = uri,
    testCommand = "python -m pytest -q",
    consent = { code = true, terminalOutput = true, fileViews = true, judge = true, upload = false },
  })
  vim.cmd("edit " .. vim.fn.fnameescape(folder .. "/calc.py"))
  vim.lsp.buf_attach_client(0, client_id)
  results.opened = call("trace.status")

  -- Type as a developer does: go to the minus, replace it, save.
  vim.cmd([[normal! 2G]])
  vim.fn.search("-", "W")
  vim.cmd("normal! r+")
  vim.cmd("write")
  results.reason = call("trace.reason", { content = "add subtracts: the operator is wrong.", kind = "hypothesis" })
  results.finalize = call("trace.finalize", {})
  client.stop()
  assert(vim.wait(20000, function() return client.is_stopped() end, 20), "the daemon did not stop")
end

local ok, problem = xpcall(run, debug.traceback)
finish(not ok and problem or nil)
