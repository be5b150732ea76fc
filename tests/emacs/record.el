;;; record.el --- Emacs as a client of the daemon, with eglot and no package of ours  -*- lexical-binding: t -*-
;; FIXTRAIL_COMMAND is the daemon's command line (words parted by line feeds), FIXTRAIL_FOLDER the workspace,
;; FIXTRAIL_RESULT the file that the results are written to, as JSON.
(package-initialize)
(require 'eglot)
(require 'json)

(setq eglot-sync-connect 20
      eglot-send-changes-idle-time 0
      make-backup-files nil
      create-lockfiles nil
      vc-handled-backends '(Git))
(add-to-list 'eglot-server-programs
             (cons 'python-mode (split-string (getenv "FIXTRAIL_COMMAND") "\n")))

(defvar results nil)

(defun call (method params)
  "Send METHOD with PARAMS and return the answer."
  (jsonrpc-request (eglot--current-server-or-lose) method params :timeout 120))

(defun finish (problem)
  (push (cons 'problem problem) results)
  (with-temp-file (getenv "FIXTRAIL_RESULT") (insert (json-encode results)))
  (kill-emacs 0))

(condition-case problem
    (let* ((folder (file-name-as-directory (getenv "FIXTRAIL_FOLDER")))
           (uri (eglot--path-to-uri (directory-file-name folder))))
      (find-file (concat folder "calc.py"))
      (python-mode)
      (apply #'eglot--connect (eglot--guess-contact))
      (push (cons 'start
                  (call :trace/start
                        `(:workspaceUri ,uri :testCommand "python -m pytest -q"
                          :consent (:code t :terminalOutput t :fileViews t :judge t :upload :json-false))))
            results)
      ;; Type as a person does: an astral character before the place counts as two in UTF-16.
      (goto-char (point-min))
      (search-forward "return a ")
      (end-of-line)
      (insert "  # 🤔")
      (search-backward "-")
      (delete-char 1)
      (insert "+")
      (eglot--signal-textDocument/didChange)
      (save-buffer)
      (push (cons 'reason
                  (call :trace/reason '(:content "add subtracts: the operator is wrong." :kind "hypothesis")))
            results)
      (let ((server (eglot--current-server-or-lose)))
        (kill-buffer)
        (push (cons 'finalize
                    (jsonrpc-request server :trace/finalize (make-hash-table) :timeout 150))
              results)
        (eglot-shutdown server nil 10))
      (finish nil))
  (error (finish (error-message-string problem))))
;;; record.el ends here
