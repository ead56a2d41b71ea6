/** The page of a node: opens the session and draws the frame around whatever the address names. */
import "@fontsource-variable/inter/wght.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./frame/frame.css";
import "./parts/parts.css";
import "./pages/board/board.css";
import { render } from "preact";
import { App } from "./frame/app.tsx";
import { followFocus } from "./frame/kept-focus.ts";
import { followPreferences } from "./frame/preferences.ts";
import { followSendKeys } from "./frame/send-keys.ts";
import { followKeys } from "./frame/shortcuts.ts";
import { followUpdates } from "./frame/updates.ts";
import { openSession } from "./session.ts";
import { frameTexts } from "./texts/frame.ts";
import { registerWorker } from "./worker-registration.ts";

followPreferences();
followKeys();
followSendKeys();
followFocus();
const session = openSession({ ...frameTexts.signIn, away: frameTexts.away });
render(<App session={session} />, document.body);
followUpdates(session);
registerWorker();
