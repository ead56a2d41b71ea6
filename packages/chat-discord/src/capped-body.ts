/** Reads an answer whole, up to a limit, within the request's own timeout: the library would read it after that is off. */
const BODY_MAX_BYTES = 8 * 1_024 * 1_024;

export async function readCapped(response: Response): Promise<Response> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (response.body !== null) {
    const reader = response.body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      length += part.value.length;
      if (length > BODY_MAX_BYTES) {
        await reader.cancel();
        throw new Error("The answer is too large");
      }
      chunks.push(part.value);
    }
  }
  const { status } = response;
  const headers = new Headers(response.headers);
  // What has no content may not be made with one, nor be read as any.
  const isEmpty = status === 204 || status === 205 || status === 304;
  if (isEmpty) headers.delete("content-type");
  return new Response(isEmpty ? null : Buffer.concat(chunks), { status, headers });
}
