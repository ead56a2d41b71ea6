/**
 * The system calls of a container, as OCI runtimes take them: by name, so that the runtime makes the filter for the
 * processor at hand. podman's own list of what is allowed, where it is there, less what nothing in a room needs: user
 * namespaces, keys, the kernel's newest and biggest interfaces, and sockets to the host of a virtual machine.
 */

interface CallRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly CallArgument[];
}

interface CallArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: "SCMP_CMP_MASKED_EQ" | "SCMP_CMP_NE" | "SCMP_CMP_EQ";
}

export interface CallFilter {
  readonly defaultAction: string;
  readonly syscalls: readonly CallRule[];
}

const ALLOW = "SCMP_ACT_ALLOW";
const REFUSE = "SCMP_ACT_ERRNO";
const EPERM = 1;
const ENOSYS = 38;
const CLONE_NEWUSER = 0x10000000;
/** No namespace keeps these apart. */
const AF_VSOCK = 40;

const NEVER: readonly string[] = [
  ["add_key", "keyctl", "request_key"],
  ["bpf", "perf_event_open", "userfaultfd"],
  ["mount", "umount", "umount2", "pivot_root", "setns", "open_tree", "move_mount", "fsopen", "mount_setattr"],
  ["delete_module", "finit_module", "init_module", "kexec_file_load", "kexec_load"],
  ["name_to_handle_at", "open_by_handle_at"],
].flat();
/** Programs try these and do without: the flags of clone3 are in memory, where a filter cannot look. */
const UNKNOWN: readonly string[] = ["clone3", "io_uring_enter", "io_uring_register", "io_uring_setup"];

const REFUSALS: readonly CallRule[] = [
  { names: NEVER, action: REFUSE, errnoRet: EPERM },
  { names: UNKNOWN, action: REFUSE, errnoRet: ENOSYS },
];

/** By what is allowed of them: the arguments of a call that a rule refuses cannot be allowed by another. */
const PARTLY: readonly CallRule[] = [
  {
    names: ["clone", "unshare"],
    action: ALLOW,
    args: [{ index: 0, value: CLONE_NEWUSER, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }],
  },
  { names: ["socket"], action: ALLOW, args: [{ index: 0, value: AF_VSOCK, op: "SCMP_CMP_NE" }] },
];

/** Where there is no list, all is allowed but these. */
const WITHOUT_LIST: CallFilter = {
  defaultAction: ALLOW,
  syscalls: [
    ...REFUSALS,
    {
      names: ["clone", "unshare"],
      action: REFUSE,
      errnoRet: EPERM,
      args: [{ index: 0, value: CLONE_NEWUSER, valueTwo: CLONE_NEWUSER, op: "SCMP_CMP_MASKED_EQ" }],
    },
    {
      names: ["socket"],
      action: REFUSE,
      errnoRet: EPERM,
      args: [{ index: 0, value: AF_VSOCK, op: "SCMP_CMP_EQ" }],
    },
  ],
};

/** `list` is the text of podman's own filter. */
export function callFilter(list: string | undefined): CallFilter {
  const known = list === undefined ? undefined : readFilter(list);
  if (known === undefined || known.defaultAction === ALLOW) return WITHOUT_LIST;
  const ours = new Set([...REFUSALS, ...PARTLY].flatMap(({ names }) => names));
  const kept = known.syscalls
    .map((rule) => ({ ...rule, names: rule.names.filter((name) => !ours.has(name)) }))
    .filter(({ names }) => names.length > 0);
  return { ...known, syscalls: [...kept, ...REFUSALS, ...PARTLY] };
}

function readFilter(text: string): CallFilter | undefined {
  try {
    const read: unknown = JSON.parse(text);
    return isFilter(read) ? read : undefined;
  } catch {
    return undefined;
  }
}

const isFilter = (value: unknown): value is CallFilter =>
  typeof value === "object" &&
  value !== null &&
  "defaultAction" in value &&
  typeof value.defaultAction === "string" &&
  "syscalls" in value &&
  Array.isArray(value.syscalls) &&
  value.syscalls.every(
    (rule: unknown) => typeof rule === "object" && rule !== null && "names" in rule && Array.isArray(rule.names),
  );
