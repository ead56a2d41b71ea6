/** temporary */
import type { JSX } from "preact";
import type { PageProps } from "../../../frame/routes.ts";
import StoryEditor from "./story-editor.tsx";
export default function Temp({ session, route }: PageProps): JSX.Element {
  return <StoryEditor session={session} item={{ id: route.parameters.get("id") ?? "" }} />;
}
