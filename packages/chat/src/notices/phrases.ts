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
  },
};

/** The time of day as somebody there writes it. */
export const timeIn = (atMs: number, locale: Locale, zone: string): string =>
  new Intl.DateTimeFormat(locale, { timeZone: zone, dateStyle: "short", timeStyle: "short" }).format(atMs);
