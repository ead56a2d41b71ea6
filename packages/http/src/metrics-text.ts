/** Numbers in the Prometheus text format, version 0.0.4. */

export interface Metric {
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly value: number;
}

export function metricsText(metrics: ReadonlyMap<string, Metric>): string {
  return [...metrics].map(([name, metric]) => metricText(name, metric)).join("");
}

function metricText(name: string, metric: Metric): string {
  const help = metric.help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `# HELP ${name} ${help}\n# TYPE ${name} ${metric.type}\n${name} ${numberText(metric.value)}\n`;
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return String(value);
}
