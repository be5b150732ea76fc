// Does in the browser what it is told on stdin, one JSON line for each action, and answers on stdout.
import { createInterface } from "node:readline";
import { Workbench } from "./workbench.ts";

interface Order {
  readonly action: string;
  readonly arguments: readonly unknown[];
}

const executable = process.env.FIXTRAIL_CHROMIUM;
if (!executable) throw new Error("FIXTRAIL_CHROMIUM names no browser");

const workbench = await Workbench.launch(executable);
for await (const line of createInterface({ input: process.stdin })) {
  const { action, arguments: parameters } = JSON.parse(line) as Order;
  process.stdout.write(`${JSON.stringify(await obey(action, parameters))}\n`);
}
await workbench.close();

async function obey(action: string, parameters: readonly unknown[]): Promise<object> {
  try {
    const method: unknown = Reflect.get(workbench, action);
    if (typeof method !== "function") throw new Error(`there is no action ${action}`);
    return { result: (await (Reflect.apply(method, workbench, parameters) as Promise<unknown>)) ?? null };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
