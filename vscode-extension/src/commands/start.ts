// Trace: Start Recording.
import { commands, window, workspace, type WorkspaceFolder } from "vscode";
import { UserError } from "../common/errors";
import { testCommand } from "../common/settings";
import { askConsent } from "../consent";
import type { Session } from "../session";

export async function startRecording(session: Session): Promise<void> {
  const folder = await chooseFolder();
  if (folder === undefined) return;
  const consent = await askConsent(session.context.workspaceState);
  if (consent === undefined) return;
  const test = testCommand(folder);
  const began = await session.start(folder, { consent, ...(test !== undefined && { testCommand: test }) });
  if (began) return;
  const message = "A trace of this folder was still open: it goes on, with the consent it was started with.";
  const choice = await window.showWarningMessage(message, "Finalize", "Discard");
  if (choice !== undefined) await commands.executeCommand(choice === "Finalize" ? "fixtrail.finalize" : "fixtrail.discard");
}

/** The folder of the active editor; without one, the only folder, or the one that is picked. */
async function chooseFolder(): Promise<WorkspaceFolder | undefined> {
  const folders = (workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === "file");
  if (folders.length === 0) {
    throw new UserError("There is no folder to record. Open the repository's folder and start again.", {
      title: "Open Folder",
      command: "workbench.action.files.openFolder",
    });
  }
  if (folders.length === 1) return folders[0];
  const active = window.activeTextEditor?.document.uri;
  const own = active === undefined ? undefined : workspace.getWorkspaceFolder(active);
  return own ?? window.showWorkspaceFolderPick({ placeHolder: "Which folder is to be recorded?" });
}
