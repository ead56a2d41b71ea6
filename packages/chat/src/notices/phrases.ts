/** What notices say, in the languages there are. Stages keep their names: they are words of the product. */

export const LOCALES: readonly ["en", "de", "fr", "es"] = ["en", "de", "fr", "es"];
export type Locale = (typeof LOCALES)[number];

export interface Phrases {
  readonly asks: string;
  readonly oneOf: string;
  readonly reply: string;
  readonly whileQuiet: string;
  readonly since: (time: string) => string;
  readonly silent: (node: string) => string;
  readonly back: (node: string) => string;
  readonly remind: string;
  readonly budget: (charged: string, cap: string) => string;
  readonly waits: string;
  /** Who has to say whether the work is good: somebody, or somebody other than this node's people. */
  readonly judges: (notBy: string | undefined) => string;
  readonly say: string;
  readonly money: string;
}

export const PHRASES: Readonly<Record<Locale, Phrases>> = {
  en: {
    asks: "The agent asks",
    oneOf: "One of",
    reply: "Reply here, or say",
    whileQuiet: "While it was quiet here",
    since: (time) => `Since ${time}`,
    silent: (node) => `${node} has gone silent. What it held is taken over by others.`,
    back: (node) => `${node} is back.`,
    remind: "You asked me to remind you",
    budget: (charged, cap) => `${charged} of today's budget of ${cap} is spent or set aside.`,
    waits: "Waits for a person",
    judges: (notBy) =>
      `${notBy === undefined ? "somebody" : `somebody other than ${notBy}`} has to approve or reject it.`,
    say: "Say",
    money: "Waits for money",
  },
  de: {
    asks: "Der Agent fragt",
    oneOf: "Eines von",
    reply: "Antworte hier, oder sag",
    whileQuiet: "Während der Ruhezeit",
    since: (time) => `Seit ${time}`,
    silent: (node) => `${node} ist verstummt. Was er hielt, übernehmen andere.`,
    back: (node) => `${node} ist wieder da.`,
    remind: "Du wolltest erinnert werden",
    budget: (charged, cap) => `Vom heutigen Budget von ${cap} sind ${charged} ausgegeben oder zurückgelegt.`,
    waits: "Wartet auf einen Menschen",
    judges: (notBy) =>
      `${notBy === undefined ? "jemand" : `jemand anderes als ${notBy}`} muss es annehmen oder ablehnen.`,
    say: "Sag",
    money: "Wartet auf Geld",
  },
  fr: {
    asks: "L'agent demande",
    oneOf: "Au choix",
    reply: "Réponds ici, ou dis",
    whileQuiet: "Pendant les heures calmes",
    since: (time) => `Depuis ${time}`,
    silent: (node) => `${node} ne répond plus. D'autres reprennent ce qu'il tenait.`,
    back: (node) => `${node} est de retour.`,
    remind: "Tu voulais que je te rappelle",
    budget: (charged, cap) => `${charged} du budget du jour (${cap}) sont dépensés ou réservés.`,
    waits: "Attend quelqu'un",
    judges: (notBy) =>
      `${notBy === undefined ? "quelqu'un" : `quelqu'un d'autre que ${notBy}`} doit l'approuver ou le rejeter.`,
    say: "Dis",
    money: "Attend de l'argent",
  },
  es: {
    asks: "El agente pregunta",
    oneOf: "Una de",
    reply: "Responde aquí, o di",
    whileQuiet: "Durante las horas de silencio",
    since: (time) => `Desde ${time}`,
    silent: (node) => `${node} ha dejado de responder. Otros toman lo que tenía.`,
    back: (node) => `${node} ha vuelto.`,
    remind: "Me pediste que te recordara",
    budget: (charged, cap) => `Del presupuesto de hoy, ${cap}, se han gastado o reservado ${charged}.`,
    waits: "Espera a alguien",
    judges: (notBy) =>
      `${notBy === undefined ? "alguien" : `alguien que no sea ${notBy}`} tiene que aprobarlo o rechazarlo.`,
    say: "Di",
    money: "Espera dinero",
  },
};

/** The time of day as somebody there writes it. */
export const timeIn = (atMs: number, locale: Locale, zone: string): string =>
  new Intl.DateTimeFormat(locale, { timeZone: zone, dateStyle: "short", timeStyle: "short" }).format(atMs);
