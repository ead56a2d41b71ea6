/**
 * The environment of the programs a demo starts: this process's own, without what would make them work on something
 * else than the demo's directory (a git hook sets GIT_DIR, a person may have set SKEIN_DATA).
 */
export const environmentWithout = (own: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(own).filter(([name]) => !/^(?:GIT|SKEIN)_/.test(name)));
