/** `skein backup` and `skein restore`. */
import { type Command, Option } from "commander";

import type { BackupResult } from "../backup/backup.ts";
import type { RestoreResult } from "../backup/restore.ts";
import { type CommonOptions, dataDirectoryOf, dataOption, jsonOption } from "./options.ts";

interface KeyFlags extends CommonOptions {
  readonly passphraseFile?: string;
}

const passphraseOption = (): Option =>
  new Option("--passphrase-file <file|->", "file that holds the passphrase of the key, or - for standard input").env(
    "SKEIN_PASSPHRASE_FILE",
  );

export function addBackupCommands(program: Command): void {
  program
    .command("backup")
    .description("Write this node's log into one file, also while the node runs")
    .argument("<file>", "the file to make")
    .addOption(dataOption())
    .addOption(jsonOption())
    .option("--with-key", "put the node's secret key into it too, under a passphrase")
    .addOption(passphraseOption())
    .option("--force", "replace the file when it is there")
    .action(async (file: string, flags: KeyFlags & { withKey?: boolean; force?: boolean }, command: Command) => {
      const { backup } = await import("../backup/backup.ts");
      const { passphraseFile, withKey = false, force = false } = flags;
      // From the environment it may be meant for another command.
      if (!withKey && command.getOptionValueSource("passphraseFile") === "cli") {
        command.error("error: --passphrase-file is for the key, and the key is not backed up without --with-key");
      }
      const result = await backup({ data: dataDirectoryOf(flags), file, force, withKey, passphraseFile });
      print(flags, result, describeBackup(result));
    });
  program
    .command("restore")
    .description("Make a new data directory of a backup")
    .argument("<file>", "what `skein backup` wrote")
    .addOption(dataOption())
    .addOption(jsonOption())
    .addOption(passphraseOption())
    .option("--key-from <file>", "the node's key file, kept apart from the backup")
    .action(async (file: string, flags: KeyFlags & { keyFrom?: string }) => {
      const { restore } = await import("../backup/restore.ts");
      const { passphraseFile, keyFrom } = flags;
      const result = await restore({ data: dataDirectoryOf(flags), file, passphraseFile, keyFrom });
      print(flags, result, describeRestore(result));
    });
}

const print = (flags: CommonOptions, result: BackupResult | RestoreResult, lines: readonly string[]): boolean =>
  process.stdout.write(flags.json === true ? `${JSON.stringify(result)}\n` : `${lines.join("\n")}\n`);

const describeBackup = ({ file, node, ops, withKey }: BackupResult): readonly string[] => [
  `Backed up ${ops} ops of ${node} to ${file}.`,
  withKey
    ? "It holds the node's key under the passphrase: keep both, and apart."
    : "It does not hold the node's key. Keep a copy of node.key in a safe place, or use --with-key.",
];

const describeRestore = ({ data, node, ops, key, incarnation }: RestoreResult): readonly string[] => [
  `Restored ${ops} ops of ${node} into ${data}; every hash and signature was checked.`,
  `It goes on as a new incarnation (${incarnation}), and its API has a new token.`,
  ...(key === "new"
    ? [
        "The backup holds no key, so this is a new key that is no member yet. Join with `skein up --rendezvous URL --ticket T`:",
        "the log that is here is not fetched again. To go on as the same node, remove the directory and restore with --key-from FILE.",
      ]
    : ["Start it with `skein up`, and never beside the node that it was made of."]),
];
