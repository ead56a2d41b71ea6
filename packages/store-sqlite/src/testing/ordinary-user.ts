/** Root may write anywhere, so a test of file modes has to be somebody else while it runs. */
const NOBODY = 65_534;

export function asOrdinaryUser(run: () => void): void {
  const { seteuid } = process;
  if (process.geteuid?.() !== 0 || seteuid === undefined) return run();
  seteuid(NOBODY);
  try {
    return run();
  } finally {
    seteuid(0);
  }
}
