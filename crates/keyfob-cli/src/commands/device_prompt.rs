//! A device's code for a person: large, with its page, its site and a QR code for the phone that is at hand.

use chrono::{DateTime, Utc};
use keyfob_core::grant::device_code::DevicePrompt;
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

use crate::{output, words};

/// Shows it. The code is shown beside an address that holds it as well, so that both can be compared (H4).
pub(crate) fn show(prompt: &DevicePrompt, until: DateTime<Utc>, opened: bool) {
    if opened {
        output::note(&format!("Your browser opens {}; or, on any other device:", prompt.site()));
    } else {
        output::note("On any device with a browser:");
    }
    output::note(&format!("\n  open      {}", prompt.page));
    output::label_and_large("  enter", &prompt.user_code);
    if let Some(complete) = &prompt.complete {
        output::note(&format!("  or open   {complete}"));
    }
    if let Some(lines) = picture(prompt.best_page().as_str()) {
        output::picture(&lines);
    }
    output::note(&format!(
        "\nAllow it only at {} and only with this very code, which ends at {}; waiting …",
        prompt.site(),
        words::clock(until)
    ));
}

/// The address as a QR code, two modules a character high; `None` for one too long for any.
fn picture(address: &str) -> Option<Vec<String>> {
    let code = QrCode::with_error_correction_level(address, EcLevel::L).ok()?;
    // Painted dark on light by the caller, whatever the terminal's colours are.
    let picture = code.render::<Dense1x2>().dark_color(Dense1x2::Dark).light_color(Dense1x2::Light).build();
    Some(picture.lines().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usual_address_fits_a_terminal_of_eighty_columns_and_an_endless_one_has_no_picture() {
        let lines = picture("https://login.example.com/activate?user_code=BQST-RTQB").unwrap();
        let widths: Vec<_> = lines.iter().map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| *width == widths[0] && *width < 60), "{widths:?}");
        assert!(lines.len() < 24, "{}", lines.len());
        assert_eq!(picture(&"x".repeat(5_000)), None);
    }
}
