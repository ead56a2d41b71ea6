/** What an agent can do to the `.git` of its clone: everything in it names commands, files or other repositories. */
import { type Animal, commit, planted, type Step, work } from "./animal.ts";

const hook = (name: string): Step => ({
  do: "write",
  path: `.git/hooks/${name}`,
  text: "#!/bin/sh\n{trap}\n",
  executable: true,
});
const config = (text: string): Step => ({ do: "write", path: ".git/config", text });
const ref = (text: string): Step => ({ do: "write", path: ".git/refs/heads/{branch}", text });

export const GIT_DIRECTORY: readonly Animal[] = [
  {
    id: "hooks",
    what: "every hook that git knows",
    steps: planted(
      "hooks",
      ...[
        "post-checkout",
        "post-commit",
        "pre-push",
        "post-index-change",
        "reference-transaction",
        "fsmonitor-watchman",
        "pre-auto-gc",
        "update",
        "pre-receive",
        "post-update",
        "proc-receive",
        "push-to-checkout",
      ].map(hook),
    ),
    seen: "lands",
    shutIn: true,
  },
  {
    id: "config-commands",
    what: "every setting that names a command",
    steps: planted(
      "config-commands",
      config(
        "[core]\n\trepositoryformatversion = 1\n\tfsmonitor = {trap}\n\thooksPath = hooks\n\tsshCommand = {trap}\n\tpager = {trap}\n" +
          "\talternateRefsCommand = {trap}\n\tgitProxy = {trap}\n\taskPass = {trap}\n\teditor = {trap}\n[uploadpack]\n" +
          "\tpackObjectsHook = {trap}\n[pager]\n\tupload-pack = {trap}\n\tstatus = {trap}\n[alias]\n\tupload-pack = !{trap}\n" +
          "[diff]\n\texternal = {trap}\n[gpg]\n\tprogram = {trap}\n[credential]\n\thelper = !{trap}\n[trace2]\n\teventTarget = /tmp\n",
      ),
    ),
    seen: "lands",
    shutIn: true,
  },
  {
    id: "filters",
    what: "filters, merge and diff drivers that the tree's attributes ask for",
    steps: [
      work("filters"),
      { do: "write", path: "zoo/filters/.gitattributes", text: "* filter=evil diff=evil merge=evil\n" },
      commit,
      config(
        '[filter "evil"]\n\tclean = {trap}\n\tsmudge = {trap}\n\tprocess = {trap}\n\trequired = true\n' +
          '[merge "evil"]\n\tdriver = {trap}\n[diff "evil"]\n\ttextconv = {trap}\n\tcommand = {trap}\n',
      ),
    ],
    seen: "lands",
  },
  {
    id: "worktree-config",
    what: "a second configuration and included ones",
    steps: planted(
      "worktree-config",
      config(
        "[extensions]\n\tworktreeConfig = true\n[include]\n\tpath = more\n[core]\n\trepositoryformatversion = 1\n",
      ),
      { do: "write", path: ".git/config.worktree", text: "[core]\n\tfsmonitor = {trap}\n" },
      { do: "write", path: ".git/more", text: "[core]\n\tfsmonitor = {trap}\n" },
    ),
    seen: "lands",
  },
  {
    id: "commondir",
    what: "a common directory elsewhere",
    steps: planted("commondir", { do: "write", path: ".git/commondir", text: "{outside}/repository/.git\n" }),
    seen: "lands",
  },
  {
    id: "git-file",
    what: "`.git` as a file that names another repository",
    steps: planted(
      "git-file",
      { do: "rename", path: ".git", to: "real" },
      { do: "write", path: ".git", text: "gitdir: {outside}/repository/.git\n" },
    ),
    seen: /has no branch/,
    shutIn: true,
  },
  {
    id: "git-link",
    what: "`.git` as a link to another repository",
    steps: planted(
      "git-link",
      { do: "rename", path: ".git", to: "real" },
      { do: "link", path: ".git", to: "{outside}/repository/.git" },
    ),
    seen: /reached through a link/,
    shutIn: true,
  },
  {
    id: "branch-link",
    what: "the branch as a link to another repository's",
    steps: planted(
      "branch-link",
      { do: "remove", path: ".git/refs/heads/{branch}" },
      { do: "link", path: ".git/refs/heads/{branch}", to: "{outside}/repository/.git/refs/heads/main" },
    ),
    seen: /reached through a link/,
  },
  {
    id: "branch-option",
    what: "the branch's tip as an option",
    steps: planted("branch-option", ref("--upload-pack={trap}\n")),
    seen: /does not name a commit/,
  },
  {
    id: "branch-nowhere",
    what: "the branch at a commit that is not there",
    steps: planted("branch-nowhere", ref(`${"5".repeat(40)}\n`)),
    seen: /Could not take in the attempt's commits/,
  },
  {
    id: "branch-blob",
    what: "the branch at something that is no commit",
    steps: planted("branch-blob", { do: "special", name: "branch-at-blob" }),
    seen: /Could not take in|could not be|Could not/,
  },
  {
    id: "packed-refs-flood",
    what: "nine megabytes of refs",
    steps: planted("packed-refs-flood", { do: "special", name: "flood-of-refs" }),
    seen: /packed-refs is too big/,
  },
  {
    id: "other-refs",
    what: "branches called like options, another main, tags, notes",
    steps: planted(
      "other-refs",
      ...[
        "heads/--upload-pack=x",
        "heads/main",
        "heads/skein/victim/1",
        "tags/v1",
        "notes/commits",
        "skein/landing",
      ].map((name): Step => ({ do: "special", name: `ref-at-head ${name}` })),
    ),
    seen: "lands",
  },
  {
    id: "replaced",
    what: "refs that replace the work by something else",
    steps: [
      { do: "write", path: "zoo/replaced/other.txt", text: "not this\n" },
      { do: "commit", message: "Other" },
      { do: "git", args: ["tag", "other"] },
      { do: "git", args: ["reset", "--quiet", "--hard", "{base}"] },
      work("replaced"),
      commit,
      { do: "git", args: ["replace", "HEAD", "other"] },
    ],
    seen: "lands",
  },
  {
    id: "grafts",
    what: "grafts and a shallow boundary that cut the history off",
    steps: planted(
      "grafts",
      { do: "write", path: ".git/info/grafts", text: "{base}\n" },
      { do: "write", path: ".git/shallow", text: "{base}\n" },
    ),
    seen: "lands",
  },
];
