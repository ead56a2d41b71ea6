/** Every generated part of docs/protocol.md by its name. */
export function sections(): ReadonlyMap<string, string>;
/** The document with every generated part replaced by what the code says now. */
export function withSections(document: string): string;
