//! What is drawn on the X screen, for whoever waits until a person would see it.

use std::time::{Duration, Instant};

use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat};
use x11rb::rust_connection::RustConnection;

/// The colour of a button to be pressed, in keyfob's window (`--accent` in the light) and in the bare one.
const BUTTON: u32 = 0x0036_55c7;
/// Longer than anything else in this colour, such as an icon in a title bar.
const BUTTON_WIDTH: usize = 48;
/// The panel, whose icons have colours of their own, is below.
const PANEL: u16 = 40;

/// Often enough to tell a few milliseconds, seldom enough to leave the processor to the others.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// A place that was wrong is looked for anew.
const PATIENCE: Duration = Duration::from_secs(30);

/// A place on the screen.
pub(crate) type Place = (i16, i16);

pub(crate) struct Screen {
    connection: RustConnection,
    root: u32,
    size: (u16, u16),
}

impl Screen {
    pub(crate) fn open() -> Self {
        let (connection, number) = RustConnection::connect(None).expect("scripts/desktop.sh gives a screen");
        let screen = &connection.setup().roots[number];
        let (root, size) = (screen.root, (screen.width_in_pixels, screen.height_in_pixels - PANEL));
        Self { connection, root, size }
    }

    fn pixels(&self, (x, y): Place, (width, height): (u16, u16)) -> Vec<u32> {
        let asked =
            self.connection.get_image(ImageFormat::Z_PIXMAP, self.root, x, y, width, height, u32::MAX);
        let image = asked.expect("the screen is there").reply().expect("the screen can be read");
        let pixel = |bytes: &[u8]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]);
        image.data.chunks_exact(4).map(pixel).collect()
    }

    /// Waits for a button anywhere, and says where it is.
    pub(crate) async fn button(&self) -> Place {
        let until = Instant::now() + PATIENCE;
        let width = usize::from(self.size.0);
        loop {
            let pixels = self.pixels((0, 0), self.size);
            let row = |row: &[u32]| {
                row.windows(BUTTON_WIDTH).position(|run| run.iter().all(|pixel| *pixel == BUTTON))
            };
            let found = pixels.chunks(width).enumerate().find_map(|(y, pixels)| Some((row(pixels)?, y)));
            if let Some((x, y)) = found {
                let place = |at: usize| i16::try_from(at).expect("a screen is small");
                return (place(x + BUTTON_WIDTH / 2), place(y));
            }
            assert!(Instant::now() < until, "no button within {PATIENCE:?}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until the button at this place is drawn, or gone.
    pub(crate) async fn wait(&self, place: Place, drawn: bool) {
        let until = Instant::now() + PATIENCE;
        while (self.pixels(place, (1, 1)) == [BUTTON]) != drawn {
            assert!(Instant::now() < until, "no change at {place:?} within {PATIENCE:?}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}
