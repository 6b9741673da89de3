// Answers lines "seconds nanos zone operation [argument]" with what java.time makes of them: a text, or seconds and nanoseconds.
// Run by `java Times.java < questions`.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.time.temporal.IsoFields;
import java.time.temporal.TemporalAdjusters;
import java.util.Locale;

class Times {
  public static void main(String[] args) throws Exception {
    var in = new BufferedReader(new InputStreamReader(System.in));
    var out = new StringBuilder();
    for (String line; (line = in.readLine()) != null; ) {
      var parts = line.split(" ", 5);
      var time = Instant.ofEpochSecond(Long.parseLong(parts[0]), Long.parseLong(parts[1])).atZone(ZoneId.of(parts[2]));
      out.append(answer(time, parts[3], parts[4])).append('\n');
    }
    System.out.print(out);
  }

  static String answer(ZonedDateTime time, String operation, String argument) {
    switch (operation) {
      case "format":
        return DateTimeFormatter.ofPattern(argument, Locale.ENGLISH).format(time);
      case "truncate":
        return shown(truncated(time, argument));
      case "addYears":
        return shown(time.plusYears(Long.parseLong(argument)));
      case "addMonths":
        return shown(time.plusMonths(Long.parseLong(argument)));
      default:
        return shown(time.plusDays(Long.parseLong(argument)));
    }
  }

  static ZonedDateTime truncated(ZonedDateTime time, String unit) {
    // Both at once on the local time: the one after the other would resolve a gap twice.
    var local = time.toLocalDateTime();
    var begin = switch (unit) {
      case "year" -> local.withDayOfYear(1).truncatedTo(ChronoUnit.DAYS);
      case "quarter" -> local.with(IsoFields.DAY_OF_QUARTER, 1).truncatedTo(ChronoUnit.DAYS);
      case "month" -> local.withDayOfMonth(1).truncatedTo(ChronoUnit.DAYS);
      case "week" -> local.with(TemporalAdjusters.previousOrSame(DayOfWeek.MONDAY)).truncatedTo(ChronoUnit.DAYS);
      case "day" -> local.truncatedTo(ChronoUnit.DAYS);
      case "hour" -> local.truncatedTo(ChronoUnit.HOURS);
      case "minute" -> local.truncatedTo(ChronoUnit.MINUTES);
      default -> local.truncatedTo(ChronoUnit.SECONDS);
    };
    return ZonedDateTime.ofLocal(begin, time.getZone(), time.getOffset());
  }

  static String shown(ZonedDateTime time) {
    return time.toEpochSecond() + " " + time.getNano();
  }
}
